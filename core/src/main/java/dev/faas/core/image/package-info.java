/// Images: what a sandbox's root file system is made of.
@NullMarked
package dev.faas.core.image;

import org.jspecify.annotations.NullMarked;
