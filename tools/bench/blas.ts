import { spawnSync } from "node:child_process";

/** Which BLAS the system's libraries use, or why a peer that stands on it must not be timed. */
export type Blas = { readonly name: string } | { readonly refused: string };

const MULTIARCH: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** Reads the answer of `update-alternatives --query libblas.so.3-<arch>`. */
export function blasOf(answer: string): Blas {
  const path = /^Value: (.+)$/m.exec(answer)?.[1];
  if (!path || path === "none") return { refused: "cannot tell which BLAS it would use (no alternative is set)" };
  // /usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3, .../blas/libblas.so.3, .../atlas/libblas.so.3
  const name = path.split("/").at(-2)!;
  if (name !== "blas") return { name };
  return {
    refused: "the reference BLAS is selected, which is a dozen times slower: apt-get install libopenblas0-pthread",
  };
}

/** This machine's BLAS, by Debian's alternatives. */
export function systemBlas(): Blas {
  const link = `libblas.so.3-${MULTIARCH[process.arch]}`;
  return blasOf(spawnSync("update-alternatives", ["--query", link], { encoding: "utf8" }).stdout ?? "");
}

/** The kernels OpenBLAS chose for this processor: what it says under `OPENBLAS_VERBOSE=2`. */
export function openblasCore(chatter: string): string | undefined {
  return /^Core: (.+)$/m.exec(chatter)?.[1];
}

/**
 * Refuses what OpenBLAS takes where it knows neither the processor nor a forerunner: kernels of 2004, several times slower.
 *
 * @throws Error that says what to set
 */
export function requireCore(core: string | undefined): void {
  if (core !== "Prescott") return;
  throw new Error(
    "OpenBLAS does not know this processor and works as on a Prescott, several times slower: name the nearest that it knows, as in OPENBLAS_CORETYPE=Haswell npm run bench",
  );
}
