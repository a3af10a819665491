/*
 * What the files of this folder share.
 */
#ifndef DECRYPT_DECRYPT_PRIVATE_H
#define DECRYPT_DECRYPT_PRIVATE_H

#include "decrypt/decrypt.h"

#define DECRYPT_HEAD 64 /* of a file, enough to know its format */

#endif
