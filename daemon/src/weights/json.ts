// Reading published JSON, where the readers of models look for it; the tokenizers share it.
export { readJson } from "../base/json.ts";
