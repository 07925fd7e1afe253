/* One OMEMO device over libomemo-c: keys and sessions in memory, always as serialised bytes. */
#ifndef PARTY_H
#define PARTY_H

#include <omemo/curve.h>
#include <omemo/key_helper.h>
#include <omemo/protocol.h>
#include <omemo/session_builder.h>
#include <omemo/session_cipher.h>
#include <omemo/session_pre_key.h>
#include <omemo/signal_protocol.h>
#include <stdint.h>

#define PRE_KEYS 200
#define SIGNED_PRE_KEY_ID 1
/* How libomemo-c numbers the versions of OMEMO. */
#define OMEMO_0_3 3
#define OMEMO_2 4

typedef struct {
    uint8_t *bytes;
    size_t size;
} stored;

typedef struct {
    signal_context *context;
    signal_protocol_store_context *store;
    signal_protocol_address remote;
    uint32_t registration_id;
    uint32_t version;
    stored session;
    stored signed_pre_key;
    stored pre_keys[PRE_KEYS + 1]; /* by id, from 1; empty once used */
    stored identity_public;
    stored identity_private;
} party;

/* The published keys of a device; pre_key is 0 when there is none. */
typedef struct {
    ec_public_key *identity, *signed_pre_key, *pre_key;
    uint32_t signed_pre_key_id, pre_key_id;
    uint8_t signature[64];
} bundle;

signal_context *new_context(void);

party *new_party(uint32_t registration_id, uint32_t version);
void free_party(party *self);
/* All that the device stores, to be freed by the caller; and a device that has nothing but that, or 0. */
void party_save(const party *self, stored *out);
party *load_party(uint32_t registration_id, uint32_t version, const uint8_t *bytes, size_t size);
void party_make_bundle(party *self, uint32_t pre_key_id, bundle *out);
void party_forget_session(party *self);
/* Each gives 0 or a code of libomemo-c; what they put out is the caller's to free. */
int party_initiate(party *self, const bundle *theirs);
int party_encrypt(party *self, const uint8_t *plaintext, size_t size, ciphertext_message **out);
int party_decrypt(party *self, int is_pre_key_message, const uint8_t *bytes, size_t size, signal_buffer **out);

/* Ends the program: for what can only fail when the program is wrong. */
void must(int code, const char *what);

void bench(unsigned int rounds, uint32_t version);

#endif
