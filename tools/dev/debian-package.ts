import { findProgram, runProgram } from './programs';
import { withProgress, type Print } from './progress';

/**
 * Installs Debian's package of a program that is missing, where that can be done: as root, where there is `apt-get`.
 * What goes wrong is said; whether the program is there now is for the caller to find out.
 */
export async function installDebianPackage(what: string, name: string, print: Print): Promise<void> {
  const aptGet = findProgram('apt-get');
  if (aptGet === null || process.getuid?.() !== 0) return;
  try {
    await withProgress(print, `${what}: installing Debian's package ${name}`, async () => {
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      await runProgram('dpkg', ['--configure', '-a'], { env }); // what an interrupted installation has left half done
      await runProgram(aptGet, ['update', '--quiet'], { env });
      await runProgram(aptGet, ['install', '--yes', '--quiet', '--no-install-recommends', name], { env });
    });
  } catch (error) {
    print(`  ${String(error)}`);
  }
}
