// `diffusion recover`: the document that a picture carries.
import { DiffusionError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { readPicture } from "../../codecs/decode.ts";
import { recoverDocument } from "../../codecs/recover.ts";
import type { CommandLine } from "../command.ts";
import type { ExitStatus } from "../exit-status.ts";
import { print } from "../output.ts";

/** @throws DiffusionError `picture-invalid`, `not-available`, `file-not-found`, `file-unreadable`, `file-unwritable` */
export async function recover(line: CommandLine): Promise<ExitStatus> {
  const picture = line.operands[0]!;
  const text = documentIn(await readPicture(picture), picture);
  const out = line.value("out");
  if (out === undefined) process.stdout.write(text);
  else {
    await writeFileAtomic(out, text);
    print(out);
  }
  return 0;
}

function documentIn(bytes: Uint8Array, picture: string): string {
  try {
    return recoverDocument(bytes);
  } catch (error) {
    if (error instanceof DiffusionError) throw new DiffusionError(error.code, `${picture}: ${error.message}`);
    throw error;
  }
}
