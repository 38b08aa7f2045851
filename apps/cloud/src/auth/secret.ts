import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import { randomBytes, randomUUID } from "node:crypto";
import { access, link, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const LEAST_BYTES = 16;

/** The secret in a file that an operator names. @throws UsageError where it is too short to be one */
export async function readSecret(path: string): Promise<Uint8Array> {
  const text = Buffer.from(await readFileBytes(path))
    .toString("latin1")
    .trim();
  const secret = Buffer.from(text, "latin1");
  if (secret.length >= LEAST_BYTES) return secret;
  throw new UsageError(`${path} holds ${secret.length} bytes: a secret has ${LEAST_BYTES} at least`);
}

/** The secret in this file, which is made when it is not there, and which nobody but its owner may read. */
export async function ownSecret(path: string): Promise<Uint8Array> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) await makeSecret(path);
  return await readSecret(path);
}

/** Written beside and linked, so that of several processes that begin at once all read the one that was first. */
async function makeSecret(path: string): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx", flush: true });
    await link(beside, path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new UsageError(`cannot make the secret ${path}: ${message}`);
  } finally {
    await rm(beside, { force: true });
  }
}
