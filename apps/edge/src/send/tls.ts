import { UsageError } from "@isthmus/command-line/node";
import { readFileSync } from "node:fs";

/** Files in PEM: what the service's certificate is checked by instead of the system's own list, and the device's certificate. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface TlsOptions {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** @throws UsageError a file that cannot be read */
export function readTls(files: TlsFiles): TlsOptions {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, contentOf(name, file as string)]));
}

function contentOf(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`cannot read ${name} ${file}: ${(error as Error).message}`, { cause: error });
  }
}
