// What the disk around a document tells: its models, the files beside it, its last results. Read when asked for, and kept.
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { defaultModel, type ModelReference } from "../../../schemas/document/index.ts";
import type { FileEntry, Facts, JobFacts, ListedModel, ModelFacts, ModelProblem } from "../language/services/facts.ts";

/** Names listed of one folder. */
const mostEntries = 1000;

/** Milliseconds for which a listing is taken to be true. */
const listingAge = 2000;

interface Known {
  readonly facts: ModelFacts | ModelProblem;
  readonly at: number;
}

/** Facts for all documents of a session. */
export class DiskFacts {
  readonly #models = new Map<string, Known>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #listings = new Map<string, { readonly at: number; readonly entries: readonly FileEntry[] }>();
  #generation = 0;
  #forgotten = 0;

  /** Changes whenever something else may be true than before. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets everything: files have changed. */
  forget(): void {
    this.#models.clear();
    this.#forgotten++;
    this.#listings.clear();
    this.#generation++;
  }

  /** Reads models that are not known yet, and again those that had a problem. `fresh` says whether something is new. */
  async load(references: readonly ModelReference[], file: string): Promise<{ fresh: boolean }> {
    const before = this.#generation;
    const missing = references.filter((reference) => this.#isOpen(this.#models.get(modelId(reference, file))));
    await Promise.all(missing.map((reference) => this.#loadOne(reference, file)));
    return { fresh: this.#generation !== before };
  }

  #isOpen(known: Known | undefined): boolean {
    return !known || ("code" in known.facts && Date.now() - known.at > listingAge);
  }

  #loadOne(reference: ModelReference, file: string): Promise<void> {
    const id = modelId(reference, file);
    let loading = this.#loading.get(id);
    if (!loading) {
      loading = this.#read(id, reference, file).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return loading;
  }

  async #read(id: string, reference: ModelReference, file: string): Promise<void> {
    const begun = this.#forgotten;
    const { readModelFacts } = await import("./model-facts.ts"); // loaded with the first model
    const facts = await readModelFacts(reference, file);
    if (begun !== this.#forgotten) return this.#read(id, reference, file);
    const isSame = "code" in facts && JSON.stringify(this.#models.get(id)?.facts) === JSON.stringify(facts);
    this.#models.set(id, { facts, at: Date.now() });
    if (!isSame) this.#generation++;
  }

  /** The facts for a document on disk. */
  of(file: string): Facts {
    return {
      model: (reference) => this.#models.get(modelId(reference, file))?.facts,
      models: this.#listModels(file),
      files: (folder) => this.#list(resolve(dirname(file), folder)),
      job: (node) => this.#lastResult(file, node),
    };
  }

  #list(folder: string): readonly FileEntry[] {
    const known = this.#listings.get(folder);
    if (known && Date.now() - known.at < listingAge) return known.entries;
    const entries = readFolder(folder);
    this.#listings.set(folder, { at: Date.now(), entries });
    return entries;
  }

  /** The model that comes along, and folders in the diffusers layout beside the document and in its `models` folder. */
  #listModels(file: string): ListedModel[] {
    const beside = ["./", "./models/"].flatMap((lead) =>
      this.#list(resolve(dirname(file), lead))
        .filter(({ name, isFolder }) => isFolder && isModelFolder(join(dirname(file), lead, name)))
        .map(({ name }) => ({ reference: `${lead}${name}`, detail: "a model folder" })),
    );
    return [{ reference: defaultModel, detail: "comes with Diffusion" }, ...beside];
  }

  /** The newest picture of a node under its usual name in `out`. */
  #lastResult(file: string, node: string): JobFacts | undefined {
    const folder = join(dirname(file), "out");
    const stem = basename(file, extname(file));
    const names = this.#list(folder).map(({ name }) => name);
    const own = names.filter((name) => isResultOf(name, stem, node));
    const newest = own.map((name) => ({ path: join(folder, name), time: timeOf(join(folder, name)) }));
    const [last] = newest.toSorted((a, b) => b.time - a.time);
    return last && { state: "done", thumbnail: last.path };
  }
}

/** `file-node-0.png`, or `file-0.png` in a file of one node. */
function isResultOf(name: string, stem: string, node: string): boolean {
  const rest = name.startsWith(`${stem}-`) ? name.slice(stem.length + 1) : undefined;
  const own = rest?.startsWith(`${node}-`) ? rest.slice(node.length + 1) : node === "main" ? rest : undefined;
  return own !== undefined && /^\d+(-\d+)?\.(png|jpe?g|webp)$/.test(own);
}

function modelId(reference: ModelReference, file: string): string {
  return reference === defaultModel ? reference : JSON.stringify([dirname(file), reference]);
}

function readFolder(folder: string): FileEntry[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .slice(0, mostEntries)
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  } catch {
    return []; // what cannot be listed is not proposed
  }
}

function isModelFolder(folder: string): boolean {
  return statSync(join(folder, "model_index.json"), { throwIfNoEntry: false })?.isFile() === true;
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
