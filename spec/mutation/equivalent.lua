--- Mutants that no spec can kill, each with its reason: they do the same, or what differs is nobody's to see.
-- SPDX-License-Identifier: MIT
--
-- A row: the file, the line's text without its indent, what was changed (none: whatever is), and the reason. By text,
-- so that a row outlives lines that move and goes with the line that it is about.

return {
}
