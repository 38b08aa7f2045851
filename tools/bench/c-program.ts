import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { quietly } from "../lib/process.mjs";

/**
 * Compiles a C file of this folder into `folder` and resolves to the program's path.
 *
 * @throws Error when there is no compiler, or it refuses
 */
export async function compileC(name: string, folder: string, flags: readonly string[]): Promise<string> {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const program = join(folder, `${name}${flags.join("")}`);
  const found = await quietly("cc", [...flags, "-o", program, source]).catch(() => undefined);
  if (!found) throw new Error("there is no C compiler: apt-get install gcc libc6-dev");
  if (found.code !== 0) throw new Error(`cc failed: ${found.output.trim().split("\n")[0]}`);
  return program;
}
