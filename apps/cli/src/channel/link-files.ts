/** Learned links in model files, and whatever else a command takes for a system. */
import {
  CHANNEL_AUTOENCODER,
  type Codebook,
  learnedCodebook,
  type LearnedLink,
  linkOfModel,
  measurePower,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import { type Model, readModelFile, readSafetensors } from "@isthmus/graph";
import { access } from "node:fs/promises";
import { basename, extname } from "node:path";
import { namingFile } from "../errors.ts";
import { fileKind } from "../file-kinds.ts";
import { isCodebookName, readCodebook } from "./codebook-files.ts";
import { type NamedSystem, namedSystem, ofCodebook } from "./named-systems.ts";

/** A learned link with the file that it is from. */
export interface LinkFile extends LearnedLink {
  readonly path: string;
  readonly model: Model;
  readonly codebook: Codebook;
}

/** A name, a codebook or a model. */
export type OpenedSystem =
  | { readonly kind: "named"; readonly system: NamedSystem }
  | { readonly kind: "learned"; readonly link: LinkFile };

/** Opens a model file that holds a link. */
export async function openLink(path: string): Promise<LinkFile> {
  const bytes = await readFileBytes(path);
  const kind = fileKind(bytes);
  if (kind !== undefined && kind !== "safetensors")
    throw new UsageError(`${path} is no model file; it looks like ${kind}`);
  return namingFile(path, () => linkOf(path, readModelFile(bytes)));
}

/** Whether a file is a model file of a link; what is no model file is left to others to complain about. */
export async function isLinkFile(path: string): Promise<boolean> {
  const bytes = await readFileBytes(path);
  if (fileKind(bytes) !== "safetensors") return false;
  const { metadata } = namingFile(path, () => readSafetensors(bytes));
  return metadata["format"] === "isthmus-model" && readModelFile(bytes).kind === CHANNEL_AUTOENCODER;
}

/** @throws UsageError for a model that is no link. */
function linkOf(path: string, model: Model): LinkFile {
  if (model.kind !== CHANNEL_AUTOENCODER)
    throw new UsageError(`${path} is of kind "${model.kind}", not a link that isthmus channel train makes`);
  try {
    const link = linkOfModel(model);
    const codebook = learnedCodebook(link.definition, link.parameters, basename(path, extname(path)));
    return { path, model, ...link, codebook };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      throw new UsageError(`${path} is no sound link: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Opens what `text` names: a system by name, else a file. */
export async function openSystem(text: string, bits?: number): Promise<OpenedSystem> {
  const system = namedSystem(text, bits);
  if (system) return { kind: "named", system };
  if (!(await exists(text)) && !text.includes("/") && extname(text) === "")
    throw new UsageError(`${text} is neither a system's name (--help lists them) nor a file`);
  if (!isCodebookName(text)) return { kind: "learned", link: await openLink(text) };
  const codebook = await readCodebook(text);
  requireUnitPower(text, codebook);
  return { kind: "named", system: ofCodebook(`${codebook.name}, maximum likelihood`, codebook) };
}

/** More power than Eb/N0 counts would make any code look good. */
function requireUnitPower(path: string, codebook: Codebook): void {
  const { average } = measurePower(codebook);
  if (average <= 1.0001) return;
  throw new UsageError(
    `${path} has a mean power of ${Number(average.toPrecision(4))} a use, and may have 1; ` +
      `isthmus channel export ${path} --normalize average --codebook scaled.json scales it`,
  );
}

/** The signals of a system. */
export function codebookOf(text: string, opened: OpenedSystem): Codebook {
  const codebook = opened.kind === "learned" ? opened.link.codebook : opened.system.codebook;
  if (codebook) return codebook;
  throw new UsageError(`${text} has no codebook: its blocks depend on each other`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
