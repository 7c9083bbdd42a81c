/// Real servers that tests start for themselves and leave no trace of: a Docker Engine, an image registry.
@NullMarked
package dev.faas.testkit.service;

import org.jspecify.annotations.NullMarked;
