/** Certificates for tests: an authority, a server for `localhost`, a client. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectSuccess } from "./expect-success.ts";

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly certificate: string; readonly key: string };
  readonly client: { readonly certificate: string; readonly key: string };
}

const openssl = (...args: string[]): unknown => expectSuccess(spawnSync("openssl", args, { encoding: "utf8" }));
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Writes them into `folder`; they hold for two days. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string): string => join(folder, name);
  const authority = ["-keyout", at("ca.key"), "-out", at("ca.pem"), "-subj", "/CN=isthmus tests"];
  openssl("req", "-x509", "-days", "2", ...newKey, ...authority);
  writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signed = (name: string) => {
    const [certificate, key, request] = [at(`${name}.pem`), at(`${name}.key`), at(`${name}.csr`)];
    openssl("req", "-new", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
    const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"];
    openssl("x509", "-req", "-days", "2", "-in", request, ...by, "-extfile", at("names"), "-out", certificate);
    return { certificate, key };
  };
  return { ca: at("ca.pem"), server: signed("localhost"), client: signed("client") };
}
