import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout, wherever it is and whatever its path is called. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Folders of the workspace's members relative to the root, e.g. `packages/math`, in the order of the file system's names. */
export function members(top = root) {
  const below = (folder) =>
    existsSync(join(top, folder))
      ? readdirSync(join(top, folder))
          .sort()
          .map((name) => `${folder}/${name}`)
      : [];
  return [...below("packages"), ...below("apps"), "tools"].filter((folder) =>
    existsSync(join(top, folder, "package.json")),
  );
}

/** Members that go to the registry. */
export function publishable() {
  return members().filter((folder) => !readJson(join(root, folder, "package.json")).private);
}
