import { defineConfig } from "vitest/config";

/** Packages are tested from their sources: the `@isthmus/source` export condition needs no build. */
const conditions = ["@isthmus/source", "module", "node", "development|production", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: ["packages/*", "apps/*", "tools"].map((root) => ({
      extends: true as const,
      test: { name: root.replace("packages/", ""), root, include: ["test/**/*.test.ts"] },
    })),
  },
});
