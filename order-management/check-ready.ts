import { checkReady } from '@shop/runtime/check-ready';
import { readOrExit } from '@shop/runtime/environment';
import { readConfig } from './config';

checkReady(readOrExit(readConfig));
