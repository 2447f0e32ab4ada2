// What stands in `<lora:…>` and `<embedding:…>`.

/** A LoRA that a prompt asks for. */
export interface LoraTag {
  /** As written: a file's name, mostly without its ending. */
  readonly name: string;
  /** Strength in the picture's network. */
  readonly weight: number;
  /** Strength in the text encoder. */
  readonly textWeight: number;
}

/** What a tag asks for, or what is wrong with it. An unknown one is left out, as A1111 does. */
export type ReadTag =
  | { readonly kind: "lora"; readonly lora: LoraTag }
  | { readonly kind: "embedding"; readonly name: string }
  | { readonly kind: "unknown"; readonly message: string }
  | { readonly kind: "wrong"; readonly message: string };

/** Reads a tag by its name and what stands behind the first colon. */
export function readTag(name: string, content: string): ReadTag {
  if (name === "lora" || name === "lyco") return readLora(name, content);
  if (name === "embedding") return readEmbedding(content);
  const message = `\`<${name}:…>\` is left out: only \`<lora:…>\` and \`<embedding:…>\` are known`;
  return { kind: "unknown", message };
}

/**
 * `name`, `name:0.8` (both strengths), `name:0.5:0.8` (first the text encoder's, then the network's) and, by name,
 * `te=0.5`, `unet=0.8`. (AUTOMATIC1111 extensions-builtin/Lora/extra_networks_lora.py)
 */
function readLora(tag: string, content: string): ReadTag {
  const parts = content.split(":").map((part) => part.trim());
  const [name, text, network] = parts.filter((part) => !part.includes("="));
  const named = (key: string) => parts.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1);
  const textWeight = Number((named("te") ?? text) || 1);
  const weight = Number((named("unet") ?? network) || textWeight);
  const message = `\`<${tag}:${content.slice(0, 100)}>\` is written \`<${tag}:name:0.8>\`, or \`<${tag}:name:0.5:0.8>\` with the text encoder's weight first`;
  const good = !!name && Number.isFinite(weight) && Number.isFinite(textWeight);
  return good ? { kind: "lora", lora: { name, weight, textWeight } } : { kind: "wrong", message };
}

function readEmbedding(content: string): ReadTag {
  const name = content.trim();
  if (name !== "" && !name.includes(":")) return { kind: "embedding", name };
  const message = `\`<embedding:${content.slice(0, 100)}>\` is written \`<embedding:name>\`; \`(<embedding:name>:1.2)\` weighs it`;
  return { kind: "wrong", message };
}
