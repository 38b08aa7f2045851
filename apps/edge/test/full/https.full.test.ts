import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test, vi } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { makeCertificates } from "../../../../tools/services/certificates.ts";
import { startAgent } from "../support/agents.ts";
import { copier } from "../support/bundles.ts";
import { newFolder } from "../support/folder.ts";
import { Service } from "../support/service.ts";

const { openssl } = has() as { readonly openssl: boolean };
const PATIENT = { timeout: 60_000, interval: 20 };

test.skipIf(!openssl)(
  "HTTPS with a certificate on each side; a service that nobody vouches for gets nothing",
  async () => {
    const folder = newFolder();
    const { ca, server, client } = makeCertificates(folder);
    const service = new Service();
    const names: unknown[] = [];
    const https = createServer(
      {
        key: readFileSync(server.key),
        cert: readFileSync(server.certificate),
        ca: readFileSync(ca),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, response) => {
        const pieces: Buffer[] = [];
        names.push(
          (request.socket as unknown as { getPeerCertificate: () => { subject: { CN: string } } }).getPeerCertificate()
            .subject.CN,
        );
        request.on("data", (piece: Buffer) => pieces.push(piece));
        request.on("end", () => response.end(JSON.stringify({ results: service.accept(Buffer.concat(pieces)) })));
      },
    );
    await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
    const url = `https://localhost:${(https.address() as AddressInfo).port}`;
    writeFileSync(join(folder, "m.isthb"), copier({ samples: 1 }));
    const start = (text: string, tls: object) =>
      startAgent(
        folder,
        {
          model: { bundle: "m.isthb" },
          source: { kind: "stdin", header: false },
          send: { url, token: "secret", ...tls },
        },
        Readable.from([Buffer.from(text)]),
      );
    const own = { cert: client.certificate, key: client.key };
    try {
      const unknown = start("1\n2\n", own);
      const agent = await unknown.agent;
      await vi.waitFor(() => expect(agent.snapshot().problems["send"]?.message).toMatch(/certificate/), PATIENT);
      await unknown.stop();
      expect(names).toEqual([]);
      await start("", { ...own, ca }).ended;
      expect(service.stored.length).toBe(1);
      expect(names).toEqual(["client"]);
    } finally {
      https.closeAllConnections();
      https.close();
    }
  },
);
