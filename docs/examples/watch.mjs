// Watches a domain as a stock client: node watch.mjs JID PASSWORD HOST:PORT PUBSUB DOMAIN [PARTY...]
import { client, xml } from "@xmpp/client";
import { ScramSha256 } from "./scram.mjs";

const [jid, password, address, pubsub, domain, ...parties] = process.argv.slice(2);
const [username, host] = jid.split("@");
const PUBSUB = "http://jabber.org/protocol/pubsub";
const xmpp = client({ service: `xmpp://${address}`, domain: host, username, password });

xmpp.saslFactory.use(ScramSha256);
// Version 0.14 miscounts stanzas (XEP-0198), and Prosody ends such a stream: do without.
xmpp.prependListener("element", (element) => {
  if (element.name !== "stream:features") return;
  element.children = element.children.filter((child) => child.name !== "sm");
});
xmpp.on("error", (error) => console.error("error", error.message));
xmpp.on("stanza", (stanza) => {
  const items = stanza.getChild("event", `${PUBSUB}#event`)?.getChild("items");
  for (const item of items?.getChildren("item") ?? []) {
    console.log(items.attrs.node, item.attrs.id, String(item.children[0]));
  }
  if (stanza.is("presence") && stanza.attrs.type !== "subscribe") {
    console.log(stanza.attrs.from, stanza.attrs.type ?? stanza.getChildText("show") ?? "available",
      stanza.getChildText("status") ?? "");
  }
});
xmpp.on("online", async () => {
  await xmpp.send(xml("presence"));
  for (const part of ["events", "reports", "operations"]) {
    const subscribe = xml("subscribe", { node: `cem/${domain}/${part}`, jid });
    const request = xml("iq", { type: "set", to: pubsub }, xml("pubsub", { xmlns: PUBSUB }, subscribe));
    await xmpp.iqCaller.request(request).catch((error) => console.error(part, error.message));
  }
  for (const party of parties) {
    await xmpp.send(xml("presence", { type: "subscribe", to: `${party}@${host}` }));
  }
});
await xmpp.start();
