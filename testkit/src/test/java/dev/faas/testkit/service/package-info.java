@NullMarked
package dev.faas.testkit.service;

import org.jspecify.annotations.NullMarked;
