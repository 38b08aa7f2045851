import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest, by the ends of their names; a fresh clone has no times of runs before. */
const LONG = [
  "onnx/test/precision.full.test.ts",
  "tools/test/environments.full.test.ts",
  "train/test/engines-agree.full.test.ts",
  "wasm/test/heap.test.ts",
];

/** Starts them first: projects come one after the other, and a long file of the last would leave the other cores idle. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
