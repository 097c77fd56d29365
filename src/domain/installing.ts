/**
 * How a checkout of this program becomes the newest one and is installed. There is no other way so
 * far: nothing is published.
 */
export const upgradeCommand = "git pull && make install"
