// docs/FORMAT.md: every task and key of the format, from the schema.
import {
  availability,
  commonKeys,
  defaultTask,
  describeKey,
  formatVersion,
  headKeys,
  type KeyDescription,
  keysOf,
  type Task,
  taskKey,
  tasks,
} from "./document/index.ts";

/** The reference of the format, as Markdown. */
export function formatReference(): string {
  const inDepth = tasks.map((task) =>
    section(`\`task: ${task}\``, taskText(task), ownKeys(task).map(describeFor(task))),
  );
  return `${[
    introduction,
    tasks.map((task) => `- [\`${task}\`](#task-${task}): ${summaryOf(task)}`).join("\n"),
    section("The top of a file", headText, Object.keys(headKeys).map(describeFor(defaultTask))),
    section("Every node", nodeText, sharedKeys.map(describeFor(defaultTask))),
    ...inDepth,
  ].join("\n\n")}\n`;
}

const introduction = `# The \`.diffusion\` format, version ${formatVersion}

<!-- Made from schemas/document by \`node schemas/generate.ts\`; change it there. -->

A file is YAML 1.2 in UTF-8: either one node, or a \`workflow\` of named nodes. The shortest useful file:

\`\`\`yaml
diffusion: ${formatVersion}
prompt: a serene mountain landscape at sunset
\`\`\`

Keys in the tables below marked ○ are checked, but this version does not run them; ◐ marks those of which it runs parts.
Needed keys are marked with a star (★). Indented keys belong to the map, or to each map of the list, above them.
A node is of one of these tasks, \`${defaultTask}\` unless it says otherwise:`;

const headText = "These keys stand at the top. In a file of one node, the node's own keys stand beside them.";
const nodeText = `These keys are the same for every task. \`$name\` in a key that takes a file stands for the result of another
node, \`$name[2]\` for its third, \`$name.mask\` for a part of it; \`\${name}\` in any text stands for a variable.`;

const sharedKeys: readonly string[] = ["task", ...Object.keys(commonKeys)];

function ownKeys(task: Task): string[] {
  return Object.keys(keysOf(task)).filter((key) => !sharedKeys.includes(key));
}

const describeFor =
  (task: Task) =>
  (path: string): readonly KeyDescription[] => {
    const key = describeKey(task, path)!;
    return [key, ...key.keys.flatMap((inner) => describeFor(task)(`${path}.${inner}`))];
  };

function summaryOf(task: Task): string {
  return (taskKey as { anyOf?: readonly { const: string; description: string }[] }).anyOf!.find(
    (word) => word.const === task,
  )!.description;
}

function taskText(task: Task): string {
  return `${summaryOf(task)}${availability[task] ? "" : " **This version checks it, but does not run it.**"}`;
}

function section(title: string, text: string, keys: readonly (readonly KeyDescription[])[]): string {
  const all = keys.flat();
  const words = all.filter((key) => key.words.length > 1 && key.path !== "task");
  return [`## ${title}`, text, table(all), ...words.map(wordList)].join("\n\n");
}

function table(keys: readonly KeyDescription[]): string {
  const rows = keys.map((key) => [nameOf(key), takesOf(key), code(key.default), code(key.example), key.description]);
  return [["key", "takes", "default", "example", "meaning"], ["---", "---", "---", "---", "---"], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function nameOf({ path, required, available }: KeyDescription): string {
  const parts = path.split(".");
  const marks = `${required ? " ★" : ""}${{ all: "", parts: " ◐", nothing: " ○" }[available]}`;
  return `${"&emsp;".repeat(parts.length - 1)}\`${parts.at(-1)!}\`${marks}`;
}

function takesOf({ takes, words }: KeyDescription): string {
  return words.length > 6 ? "one of the words below" : takes;
}

function code(value: string | undefined): string {
  return value === undefined ? "" : `\`${value}\``;
}

function wordList({ path, words }: KeyDescription): string {
  return [`The words of \`${path}\`:`, words.map((w) => `- \`${w.word}\`: ${w.description}`).join("\n")].join("\n\n");
}
