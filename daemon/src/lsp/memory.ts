// The heap of a process that lives as long as an editor.
import { setFlagsFromString } from "node:v8";

/**
 * Keeps the heap near what is in use. Reading a large file is a burst of short-lived objects: V8 lets the young generation grow
 * to more than 100 MB for it and gives none of it back, and lets the old one reach four times what lives. A young generation of the
 * first size and an old one that is collected after growing by 85 % halve the memory for a fifth more work.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=85");
}
