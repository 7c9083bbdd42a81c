/// Small types every room shares: ids, sizes, errors.
@NullMarked
package dev.faas.core.common;

import org.jspecify.annotations.NullMarked;
