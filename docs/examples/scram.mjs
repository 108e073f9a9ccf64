// SCRAM-SHA-256 (RFC 7677) for @xmpp/client, which has SHA-1 only: xmpp.saslFactory.use(ScramSha256)
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const escaped = (name) => name.replaceAll("=", "=3D").replaceAll(",", "=2C");

// The server proves itself by its TLS certificate; its SCRAM signature is not looked at here.
export class ScramSha256 {
  clientFirst = true;
  nonce = randomBytes(18).toString("base64");

  response({ username, password }) {
    const first = `n=${escaped(username)},r=${this.nonce}`;
    if (!this.challenged) return `n,,${first}`;
    const { r, s, i } = Object.fromEntries(
      this.challenged.split(",").map((part) => [part[0], part.slice(2)]),
    );
    if (!r.startsWith(this.nonce) || Number(i) < 4096) throw new Error("a bad challenge");
    const salted = pbkdf2Sync(password, Buffer.from(s, "base64"), Number(i), 32, "sha256");
    const key = hmac(salted, "Client Key");
    const proven = `c=biws,r=${r}`;
    const signature = hmac(
      createHash("sha256").update(key).digest(),
      `${first},${this.challenged},${proven}`,
    );
    const proof = Buffer.from(key.map((byte, place) => byte ^ signature[place]));
    return `${proven},p=${proof.toString("base64")}`;
  }

  challenge(text) {
    this.challenged = text;
  }
}
ScramSha256.prototype.name = "SCRAM-SHA-256";
