// Signs files by @trustnxt/c2pa-ts: node sign_ts.mjs ALGORITHM CHAIN.pem KEY.pem IN OUT ...
import { readFile, writeFile } from "node:fs/promises";
import { BMFF, JPEG, PNG } from "@trustnxt/c2pa-ts/asset";
import { CoseAlgorithmIdentifier, LocalSigner } from "@trustnxt/c2pa-ts/cose";
import {
  ActionAssertion, ActionType, BMFFHashAssertion, ClaimVersion, DataHashAssertion,
  DigitalSourceType, ManifestStore,
} from "@trustnxt/c2pa-ts/manifest";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { X509Certificate } from "@peculiar/x509";

const [algorithm, chainFile, keyFile, ...files] = process.argv.slice(2);
const der = (pem) => Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
const [leaf, ...others] = (await readFile(chainFile, "ascii"))
  .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  .map((pem) => new X509Certificate(der(pem)));
const key = der(await readFile(keyFile, "ascii"));
const signer = new LocalSigner(key, CoseAlgorithmIdentifier[algorithm], leaf, others);

while (files.length) {
  const [from, to] = files.splice(0, 2);
  const bytes = await readFile(from);
  const Kind = [JPEG, PNG, BMFF].find((each) => each.canRead(bytes));
  const asset = new Kind(bytes);
  const store = new ManifestStore();
  const manifest = store.createManifest({
    assetFormat: from.endsWith(".mp4") ? "video/mp4" : asset.mimeType,
    claimVersion: ClaimVersion.V2,
    defaultHashAlgorithm: "SHA-256",
    instanceID: "xmp:iid:00000000-0000-4000-8000-000000000001",
    signer,
  });
  const hash = Kind === BMFF ? BMFFHashAssertion.createV3("jumbf manifest", "SHA-256")
    : DataHashAssertion.create("SHA-256");
  manifest.addAssertion(hash);
  const actions = new ActionAssertion();
  actions.actions.push({
    action: ActionType.C2paCreated,
    digitalSourceType: DigitalSourceType.DigitalCapture,
  });
  manifest.addAssertion(actions);
  await asset.ensureManifestSpace(store.measureSize());
  await hash.updateWithAsset(asset);
  await manifest.sign(signer);
  await asset.writeManifestJUMBF(store.getBytes());
  await writeFile(to, await asset.getDataRange());
  // What the tool itself says of what it made.
  const again = new Kind(new Uint8Array(await readFile(to)));
  const result = await ManifestStore.read(SuperBox.fromBuffer(again.getManifestJUMBF()))
    .validate(again);
  const failed = result.statusEntries.filter((each) => !each.success).map((each) => each.code);
  console.log(`${to}: ${failed.join(", ") || "valid"}`);
}
