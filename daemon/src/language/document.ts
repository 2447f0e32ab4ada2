// The document: what a text without errors says, typed.
import type { NodeByTask, Task } from "../../../schemas/document/index.ts";
import type { Reference } from "./references.ts";
import type { Range } from "./source.ts";

/** A node with the typed keys of its task: `defaults`, variables and `--set` are laid in, schema defaults are not. */
export interface NodeOf<T extends Task> {
  readonly name: string;
  readonly task: T;
  readonly keys: NodeByTask[T];
  /** The nodes whose results it takes. */
  readonly references: readonly Reference[];
  /** As written in the file, without indentation; the whole file when it has one node. */
  readonly text: string;
  /** The whole node, with its name. */
  readonly range: Range;
  /** Its name; in a file of one node, its first key. */
  readonly nameRange: Range;
}

/** A node of any task. `node.task` tells which keys it has. */
export type DocumentNode = { [T in Task]: NodeOf<T> }[Task];

/** What a variable stands for. */
export type Variable = string | number | boolean | bigint | readonly (string | number | boolean | bigint)[];

/** A file without errors. */
export interface DiffusionDocument {
  readonly version: 1;
  readonly title?: string;
  readonly usage?: "personal" | "research" | "commercial";
  readonly vars: Readonly<Record<string, Variable>>;
  /** False for a file of one node. */
  readonly isWorkflow: boolean;
  /** In an order in which each comes after those it refers to; otherwise in the order of the file. */
  readonly nodes: readonly DocumentNode[];
}
