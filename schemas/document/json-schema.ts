// The JSON Schema of the whole file, for editors and tools that know YAML but not us.
import type { TSchema } from "typebox";
import { defaultTask, headKeys, keysOf, namePattern, requiredKeysOf, tasks, type Task } from "./document.ts";
import { fileFormats } from "./elements.ts";

type Json = Record<string, unknown>;

/** The JSON Schema (draft 2020-12) of a .diffusion file. */
export function documentJsonSchema(): Json {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A .diffusion file, version 1",
    type: "object",
    required: ["diffusion"],
    properties: headProperties(),
    if: { required: ["workflow"] },
    then: closed(Object.keys(headKeys)),
    else: byTask((task) => ({
      ...only(task, [...Object.keys(headKeys), ...Object.keys(keysOf(task))]),
      required: requiredKeysOf(task),
    })),
    $defs: {
      ...Object.fromEntries(tasks.map((task) => [task, taskSchema(task)])),
      variable: { type: "string", pattern: "\\$\\{[^}]+\\}", description: "A variable of `vars`." },
    },
  };
}

function taskSchema(task: Task): Json {
  const { task: own, ...keys } = plain(keysOf(task)) as Record<string, Branch>;
  return { type: "object", properties: { task: own, ...inEach(keys, orVariable) } };
}

/** A schema, as far as it is looked into. */
interface Branch extends Json {
  readonly type?: string;
  readonly const?: unknown;
  readonly pattern?: string;
  readonly anyOf?: readonly Branch[];
  readonly items?: Branch;
  readonly properties?: Readonly<Record<string, Branch>>;
  readonly patternProperties?: Readonly<Record<string, Branch>>;
}

/**
 * A schema that also takes `${name}`: only who reads the whole file knows what stands there. Free text takes it anyway, and a
 * variable is no map.
 */
function orVariable(schema: Branch): Branch {
  const { description, default: usual, examples, ...rest } = withVariablesInside(schema);
  const branches = rest.anyOf ?? [rest];
  const isFilled = branches.some(({ type, const: word }) => word !== undefined || (type ?? "object") !== "object");
  const isFree = branches.some((branch) => branch.type === "string" && !branch.pattern);
  const anyOf = [...branches, { $ref: "#/$defs/variable" }];
  return { ...written({ description, default: usual, examples }), ...(isFilled && !isFree ? { anyOf } : rest) };
}

function withVariablesInside(schema: Branch): Branch {
  const { anyOf, items, properties, patternProperties } = schema;
  return {
    ...schema,
    ...(anyOf && { anyOf: anyOf.map(withVariablesInside) }),
    ...(items && { items: orVariable(items) }),
    ...(properties && { properties: inEach(properties, orVariable) }),
    ...(patternProperties && { patternProperties: inEach(patternProperties, orVariable) }),
  };
}

function inEach(schemas: Readonly<Record<string, Branch>>, change: (schema: Branch) => Branch): Record<string, Branch> {
  return Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [key, change(schema)]));
}

/** What is there of it. */
function written(annotations: Json): Json {
  return Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== undefined));
}

/** An empty value of these is an empty map. */
function headProperties(): Json {
  const { vars, defaults, workflow, ...head } = plain(headKeys) as Record<string, Json>;
  const everyKey = tasks.flatMap((task) => Object.keys(keysOf(task)));
  return {
    ...head,
    vars: { ...vars, type: ["object", "null"] },
    defaults: { type: ["object", "null"], description: defaults!["description"], ...closed([...new Set(everyKey)]) },
    workflow: {
      type: "object",
      description: workflow!["description"],
      minProperties: 1,
      patternProperties: {
        [namePattern]: { anyOf: [{ type: "null" }, byTask((task) => only(task, Object.keys(keysOf(task))))] },
      },
      additionalProperties: false,
    },
  };
}

/** The schema that holds when `task` says so; the default task's when nothing does. */
function byTask(schemaOf: (task: Task) => Json): Json {
  return tasks
    .filter((task) => task !== defaultTask)
    .reduceRight<Json>(
      (rest, task) => ({
        if: { required: ["task"], properties: { task: { const: task } } },
        then: schemaOf(task),
        else: rest,
      }),
      schemaOf(defaultTask),
    );
}

/** A task's keys, and no others than those listed. */
function only(task: Task, keys: readonly string[]): Json {
  return { allOf: [{ $ref: `#/$defs/${task}` }], ...closed(keys) };
}

function closed(keys: readonly string[]): Json {
  return { properties: Object.fromEntries(keys.map((key) => [key, true])), additionalProperties: false };
}

/**
 * Schemas as plain JSON. What text points at (`format`) is ours alone and left out. Other tools read the largest seed as
 * the double 2^64, so for them the bound includes it.
 */
function plain(schemas: Readonly<Record<string, TSchema>>): Json {
  const json = JSON.stringify(schemas, (key, value: unknown) => {
    if (key === "format" && (fileFormats as readonly unknown[]).includes(value)) return undefined;
    if (!isExact(value)) return value;
    const { exclusiveMaximum: maximum, ...rest } = value;
    return { ...rest, maximum };
  });
  return JSON.parse(json) as Json;
}

function isExact(value: unknown): value is { exclusiveMaximum: number } {
  return (
    typeof value === "object" && value !== null && "exclusiveMaximum" in value && value.exclusiveMaximum === 2 ** 64
  );
}
