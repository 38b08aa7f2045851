import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BESIDE = fileURLToPath(new URL("../../../../../shared/data", import.meta.url));

/** A folder with `cifar10/test_batch.bin.gz`, or undefined: the tests that need it are then skipped. */
export const CIFAR10_FOLDER: string | undefined = [process.env["ISTHMUS_DATA"], BESIDE].find(
  (folder) => folder !== undefined && existsSync(join(folder, "cifar10", "test_batch.bin.gz")),
);
