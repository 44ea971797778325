import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder';

const ADDRESS = '127.0.0.99'; // port 53 of 127.0.0.1 and 127.0.0.53 may belong to the machine's own name server

/** A name server that receives queries and never answers. A process that uses it has a mount namespace of its own. */
export class SilentNameServer {
  /** Whether this machine can run a process with another name server: it takes Linux and root. */
  static readonly isPossible = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

  private constructor(
    private readonly socket: Socket,
    private readonly folder: string,
    /** The command, without its last arguments, that runs a program whose name look-ups hang. */
    readonly command: string[],
  ) {}

  static async start(): Promise<SilentNameServer> {
    const socket = createSocket('udp4').bind(53, ADDRESS);
    await once(socket, 'listening');
    const folder = temporaryFolder('names');
    const file = join(folder, 'resolv.conf');
    writeFileSync(file, `nameserver ${ADDRESS}\nsearch shop.internal\n`); // two look-ups per name, as in a container
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    return new SilentNameServer(socket, folder, ['unshare', '--mount', 'sh', '-c', script, file]);
  }

  stop(): void {
    this.socket.close();
    rmSync(this.folder, { recursive: true });
  }
}
