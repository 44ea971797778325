import { oneOf, readEnvironment } from '@shop/runtime/environment';
import { z } from 'zod';
import { findProgram, runProgram } from './programs';
import { withProgress, type Print } from './progress';
import { SetupError } from './setup-error';

/** Whether missing programs may be installed as system packages. */
export const installSetting = { INSTALL: oneOf(['yes', 'no'], 'yes') };

export interface DebianPackage {
  /** The program's name, for people. */
  program: string;
  packageName: string;
  /** A sentence that states why the program is needed. */
  purpose: string;
  /** A sentence that states the alternative to the package. */
  alternative?: string;
}

/** Returns whether `installDebianPackage` would install a package. */
export const canInstallDebianPackages = (): boolean =>
  readEnvironment(z.object(installSetting)).INSTALL === 'yes' &&
  findProgram('apt-get') !== null &&
  process.getuid?.() === 0;

/**
 * Installs a program from its Debian package, if this process is root and `apt-get` is available; otherwise does nothing.
 * A failed installation is printed, not thrown: the caller searches for the program afterwards.
 *
 * @throws {SetupError} if INSTALL=no and `apt-get` is available, with the command that would have been run
 */
export async function installDebianPackage(
  { program, packageName, purpose, alternative }: DebianPackage,
  print: Print,
): Promise<void> {
  const { INSTALL } = readEnvironment(z.object(installSetting));
  const aptGet = findProgram('apt-get');
  if (aptGet === null) return;
  const install = ['install', '--yes', '--quiet', '--no-install-recommends', packageName];
  if (INSTALL === 'no') {
    throw new SetupError(
      `${program} is not installed, and INSTALL=no prevents its installation. ${purpose}\n` +
        `Run as root: apt-get update && apt-get ${install.join(' ')}${alternative ? `\n${alternative}` : ''}`,
    );
  }
  if (process.getuid?.() !== 0) return;
  print(`${program} is not installed. ${purpose}`);
  print(`  To prevent the installation of Debian's package ${packageName}, stop with Ctrl-C and set INSTALL=no.`);
  try {
    await withProgress(print, `${program}: installing Debian's package ${packageName} with apt-get`, async () => {
      const env = { DEBIAN_FRONTEND: 'noninteractive' };
      await runProgram('dpkg', ['--configure', '-a'], { env }); // completes an interrupted installation
      await runProgram(aptGet, ['update', '--quiet'], { env });
      await runProgram(aptGet, install, { env });
    });
  } catch (error) {
    print(`  not possible here: ${error instanceof Error ? error.message : String(error)}`);
  }
}
