/** Takes the funding addresses out of package-lock.json: it says what to install, not from where. */

import {readFileSync, writeFileSync} from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
for (const one of Object.values(lock.packages)) {
  delete one.funding;
}
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
