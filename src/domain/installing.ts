/** How a checkout becomes the newest and is installed: the only way, nothing is published. */
export const upgradeCommand = "git pull && make install"
