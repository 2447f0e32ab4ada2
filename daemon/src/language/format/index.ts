// Laying out .diffusion texts, and putting their keys in order.
export { applyEdits } from "./edits.ts";
export { formatDocument, type Formatting, type FormattingOptions } from "./format-document.ts";
export { orderKeys } from "./order-keys.ts";
