import { isDeviceId } from "@isthmus/codec";
import { examples, UsageError } from "@isthmus/command-line/node";
import { Command, Option } from "commander";
import { type Holder, holderKey, ROLES } from "../auth/holder.ts";
import { Tokens } from "../auth/tokens.ts";
import { secretOf } from "../service.ts";
import type { FrameStore } from "../store/frame-store.ts";
import { openStore, type StoreOptions, withStoreOptions } from "../store/open-store.ts";
import type { Context } from "./context.ts";

interface TokenOptions extends StoreOptions, Holder {
  readonly secretFile?: string;
}

export function tokenCommand({ stdout }: Context): Command {
  const command = new Command("token")
    .description("Print a token for a device, a reader or an operator.")
    .addHelpText(
      "after",
      examples(
        "isthmus-cloud token --data data/ --role device --name pump-7",
        "isthmus-cloud token --data data/ --role operator --name ann > token",
      ),
    );
  return withHolder(command).action(async (options: TokenOptions) => {
    requireName(options);
    const token = await withStore(options, async (store) => {
      const tokens = new Tokens(await secretOf(options), store);
      return tokens.issue(options, await tokens.least(options));
    });
    stdout.write(`${token}\n`);
  });
}

export function revokeCommand({ stderr }: Context): Command {
  const command = new Command("revoke")
    .description("Make all tokens that were printed for a name invalid; a new one can be printed.")
    .addHelpText("after", examples("isthmus-cloud revoke --data data/ --role device --name pump-7"));
  return withHolder(command).action(async (options: TokenOptions) => {
    requireName(options);
    await withStore(options, (store) => store.revoke(holderKey(options)));
    stderr.write(`tokens of ${options.role} ${options.name} are no longer accepted, within two seconds\n`);
  });
}

function withHolder(command: Command): Command {
  return withStoreOptions(command)
    .addOption(new Option("--role <role>", "whose token it is").choices([...ROLES]).makeOptionMandatory())
    .requiredOption("--name <name>", "the device's id, or a person's name")
    .option("--secret-file <file>", "the service's secret (default: secret in the data folder)");
}

function requireName({ name }: Holder): void {
  if (isDeviceId(name)) return;
  throw new UsageError(`--name expected 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot, got ${JSON.stringify(name)}`);
}

async function withStore<R>(options: StoreOptions, body: (store: FrameStore) => Promise<R>): Promise<R> {
  const store = await openStore(options);
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}
