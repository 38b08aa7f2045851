import type { FileCoverage, MissedBranch } from "./coverage.ts";
import type { KindResult } from "./lines.ts";
import { REASONS } from "./reasons.ts";

/**
 * What a case may take. Decoders are told to accept 2^16 symbols at most, 256 KiB: once for what is given back, once for the part of one
 * payload's channels, once for the bytes under a deflated one; a quarter besides for objects, and the error with its stack. Of what is refused 99 in 100 are to be within a millisecond.
 */
export const MOST = { bytes: 2 ** 20, milliseconds: 1 } as const;
/** What the process may grow by, of which most is garbage between two collections: a size that is believed would be gigabytes. */
export const MOST_GROWN_KIB: number = 128 * 1024;

/** What is not as it must be. */
export function problemsOf(
  kinds: readonly KindResult[],
  grownKiB: number,
  coverage: readonly FileCoverage[],
): string[] {
  return [
    ...kinds.flatMap(({ name, missing, largest, p99Refused, most = MOST }) => [
      ...missing.map((outcome) => `${name}: no case ended in ${outcome}`),
      ...(largest.bytes > most.bytes ? [`${name}: case ${largest.index} took ${largest.bytes} bytes`] : []),
      ...((p99Refused ?? 0) > most.milliseconds
        ? [`${name}: a hundredth of the refusals took ${p99Refused} ms or more`]
        : []),
    ]),
    ...(grownKiB > MOST_GROWN_KIB ? [`the process grew by ${grownKiB} KiB`] : []),
    ...coverage.flatMap(({ file, missed }) =>
      missed
        .filter((branch) => reasonOf(file, branch) === undefined)
        .map(({ line, inside, text }) => `${file}:${line}: nothing reached ${inside}: ${text}`),
    ),
  ];
}

/** Why nothing reached a branch. */
export function reasonOf(file: string, { inside, text, isArgument }: MissedBranch): string | undefined {
  if (isArgument) return "a caller's argument, no byte: the package's own tests";
  const name = file.split("/").at(-1)!.replace(/\.ts$/, "");
  return REASONS.find((one) => one.file === name && one.inside.includes(inside) && text.startsWith(one.text ?? ""))
    ?.why;
}
