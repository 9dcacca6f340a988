/** Finds file systems on which SQLite loses data without a word: their locks do not hold. */
import { statfsSync } from 'node:fs';

/** Linux's numbers of file systems whose locks do not hold between machines, or that share no memory. */
const names: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'VirtualBox'],
  [0xbacbacbc, 'VMware'],
]);

/** The system's number of the file system that holds a folder. */
export type ProbeFileSystem = (folder: string) => number;

const probeLinux: ProbeFileSystem = (folder) => statfsSync(folder).type;

/** The name of the network file system that a folder lies on, as far as the system tells; undefined for a local one. */
export function networkFileSystem(folder: string, probe: ProbeFileSystem = probeLinux): string | undefined {
  if (process.platform === 'win32') return folder.startsWith('\\\\') ? 'SMB' : undefined;
  if (process.platform !== 'linux') return undefined;
  // The number is signed on some systems.
  return names.get(probe(folder) >>> 0);
}
