import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "../lib/probe.mjs";
import { root } from "../lib/paths.mjs";

/** Where Debian's Chromium keeps SwiftShader, a Vulkan driver that needs no graphics card, and Vulkan's loader. */
const folder = "/usr/lib/chromium";
const driver = join(folder, "vk_swiftshader_icd.json");

/** What the environment must say for WebGPU in Node to find an adapter; nothing where it names a driver, or Chromium is missing. */
export function softwareGpu(): Record<string, string> {
  const { VK_ICD_FILENAMES, LD_LIBRARY_PATH } = process.env;
  if (VK_ICD_FILENAMES !== undefined || !existsSync(chromium) || !existsSync(driver)) return {};
  const libraries = join(root, "node_modules", ".cache", "vulkan");
  const loader = join(libraries, "libvulkan.so.1");
  mkdirSync(libraries, { recursive: true });
  if (!existsSync(loader)) symlinkSync(join(folder, "libvulkan.so.1"), loader);
  return {
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: [LD_LIBRARY_PATH, libraries].filter(Boolean).join(delimiter),
  };
}
