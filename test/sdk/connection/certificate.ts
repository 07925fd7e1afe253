import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Makes a certificate for a domain that nothing vouches for. */
export function selfSigned(folder: string, domain: string): { certificatePath: string; keyPath: string } {
  const certificatePath = join(folder, `${domain}.crt`);
  const keyPath = join(folder, `${domain}.key`);
  const names = ["-subj", `/CN=${domain}`, "-addext", `subjectAltName=DNS:${domain}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyPath];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, "-out", certificatePath, ...names], {
    stdio: "pipe",
  });
  return { certificatePath, keyPath };
}
