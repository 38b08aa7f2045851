import { asker } from "./rpc.ts";
import { byId, grouped } from "./dom.ts";
import type { EncoderFacts, EncoderMethods } from "./encoder/protocol.ts";
import { inputs } from "./inputs/inputs.ts";
import type { Subject } from "./inputs/subject.ts";
import { keepOffline, offerInstalling } from "./install.ts";
import { chosenBundle, type ChosenBundle, keepBundle, modelFile, shippedBundle } from "./models.ts";
import { enqueue, rename } from "./outbox/outbox.ts";
import { sender } from "./outbox/sender.ts";
import { fetchDecoded } from "./service/decoded.ts";
import { fetchBundle } from "./service/service.ts";
import { loadSettings, saveSettings, type Settings } from "./settings.ts";
import { shapeText, sizeOf } from "./shape.ts";
import { tabNews } from "./tab-news.ts";
import { announcer } from "./views/announcer.ts";
import { cloudView } from "./views/cloud-view.ts";
import { codeView } from "./views/code-view.ts";
import { latentView } from "./views/latent-view.ts";
import { modelChoice } from "./views/model-choice.ts";
import { queueView } from "./views/queue-view.ts";
import { settingsDialog } from "./views/settings-dialog.ts";
import type { Work } from "./work.ts";

let settings = loadSettings();
let facts: EncoderFacts | undefined;
let work: Work | undefined;
let latest = 0;

const announce = announcer();
const encoder = asker<EncoderMethods>(
  new Worker(new URL("./encoder/encoder-worker.ts", import.meta.url), { type: "module", name: "encoder" }),
);

const news = tabNews(() => void queue.refresh());
const queue = queueView({ onRetry: () => sending.wake(true) });
const sending = sender(
  () => settings,
  (state) => {
    queue.state(state);
    void queue.refresh();
    news.tell();
  },
);
const code = codeView((item) => show(work && { ...work, item }));
const latent = latentView((model) => modelFile(model, settings));
const cloud = cloudView({
  send: async ({ encoded: { stream }, subject: { time } }) => {
    await enqueue({ device: settings.device, time, stream });
    void navigator.storage?.persist?.();
    await queue.refresh();
    news.tell();
    sending.wake();
  },
  decode: ({ encoded: { stream }, facts: of }) => fetchDecoded(settings, stream, of),
});
const dialog = settingsDialog(
  () => settings,
  (saved) => void useSettings(saved),
);
const input = inputs({ facts: () => facts, onSubject: encode, announce });

/** What was put in last is what is shown, in whatever order answers come. */
async function encode(subject: Subject | undefined): Promise<void> {
  const number = ++latest;
  if (!subject) return show(undefined);
  const of = facts!;
  code.expect();
  const encoded = await encoder.ask("encode", subject.samples).catch((error: unknown) => {
    // Of another encoder, meanwhile: nobody waits for it.
    if (number !== latest) return undefined;
    show(work);
    throw error;
  });
  if (!encoded || number !== latest) return;
  show({ subject, encoded, facts: of, item: 0 });
  announce(`Encoded to ${grouped(encoded.stream.length)} bytes`);
}

function show(next: Work | undefined): void {
  work = next;
  cloud.show(work, settings.service !== "" && navigator.onLine);
  if (!work) return code.clear();
  latent.show(work);
  void code.show(work);
}

async function useSettings(saved: Settings): Promise<void> {
  settings = saved;
  saveSettings(saved);
  await rename(saved.device);
  show(work);
  sending.wake(true);
}

/** From now on this encoder; what is no bundle leaves the one before in use. */
async function useBundle({ bytes, from }: ChosenBundle): Promise<void> {
  facts = await encoder.ask("load", bytes);
  const { model, shape, dims, kernels } = facts;
  latest++;
  show(undefined);
  latent.reset();
  const runtime = kernels === "wasm" ? "WebAssembly" : "plain JavaScript";
  byId("model-line").textContent =
    `Model ${model}, ${from}: ${shapeText(shape)} to ${dims} symbols. Encoder of ${grouped(bytes.length)} bytes, in ${runtime}.`;
  dialog.model(`${model}, ${from}`);
  byId("csv-help").textContent =
    `Rows of numbers with commas, semicolons or tabs between them; the first may name the columns. An item has ${grouped(sizeOf(shape))} numbers, in one row or in several.`;
  input.refresh();
}

function showNetwork(): void {
  byId("network").classList.toggle("off", !navigator.onLine);
  byId("network-text").textContent = navigator.onLine ? "Online" : "Offline";
  show(work);
}

modelChoice(
  {
    shipped: shippedBundle,
    service: async (id) => ({ bytes: await fetchBundle(settings, id), from: "from the service" }),
  },
  async (bundle) => {
    await useBundle(bundle);
    await keepBundle(bundle);
  },
);
for (const change of ["online", "offline"]) addEventListener(change, showNetwork);
// Another tab saved its settings.
addEventListener("storage", () => {
  settings = loadSettings();
  show(work);
  sending.wake(true);
});
offerInstalling();
showNetwork();
void keepOffline();
void queue.refresh();
sending.wake();
void chosenBundle()
  .then(useBundle)
  .catch((error: Error) => (byId("model-line").textContent = `The encoder could not be loaded: ${error.message}`));
