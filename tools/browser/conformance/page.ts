import { startTests } from "vitest/internal/browser";
