/** Creates devices in an SQLite file as a process of its own: `write-devices.ts <file> <name> <count>`. */
import { OpenedDevices } from './prisma.ts';

const [file, writer, count] = process.argv.slice(2) as [string, string, string];
const devices = await OpenedDevices.open({ kind: 'sqlite', file });
for (let index = 0; index < Number(count); index++) {
  const name = `${writer}-${index}`;
  await devices.create({
    name,
    profileName: 'default',
    credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: name, credentialsValue: null },
  });
}
await devices.close();
