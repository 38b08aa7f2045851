import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BESIDE = fileURLToPath(new URL("../../../../../shared/data", import.meta.url));

/** A folder with the real digits, where there is one. */
export const MNIST_FOLDER: string | undefined = [process.env["ISTHMUS_DATA"], BESIDE].find(
  (folder) => folder && ["", "mnist"].some((inner) => existsSync(join(folder, inner, "train-images-idx3-ubyte.gz"))),
);
