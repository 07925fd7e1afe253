/* The cryptographic functions that libomemo-c asks for, from OpenSSL. */
#include "party.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

static int random_bytes(uint8_t *data, size_t size, void *user) {
    (void)user;
    return RAND_bytes(data, (int)size) == 1 ? 0 : SG_ERR_UNKNOWN;
}

/* Fetched once: that is what makes OpenSSL 3 slow otherwise, and the benchmark compares with this program. */
static EVP_MAC_CTX *keyed_template(void) {
    static EVP_MAC_CTX *context;
    if(!context) {
        OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
                                   OSSL_PARAM_construct_end()};
        context = EVP_MAC_CTX_new(EVP_MAC_fetch(0, "HMAC", 0));
        EVP_MAC_CTX_set_params(context, parameters);
    }
    return context;
}

static int hmac_init(void **context, const uint8_t *key, size_t size, void *user) {
    (void)user;
    *context = EVP_MAC_CTX_dup(keyed_template());
    return *context && EVP_MAC_init(*context, key, size, 0) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int hmac_update(void *context, const uint8_t *data, size_t size, void *user) {
    (void)user;
    return EVP_MAC_update(context, data, size) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int hmac_final(void *context, signal_buffer **output, void *user) {
    (void)user;
    uint8_t digest[32];
    size_t size = sizeof(digest);
    if(EVP_MAC_final(context, digest, &size, sizeof(digest)) != 1) return SG_ERR_UNKNOWN;
    *output = signal_buffer_create(digest, size);
    return *output ? 0 : SG_ERR_NOMEM;
}

static void hmac_cleanup(void *context, void *user) {
    (void)user;
    EVP_MAC_CTX_free(context);
}

static int sha512_init(void **context, void *user) {
    (void)user;
    *context = EVP_MD_CTX_new();
    return *context && EVP_DigestInit_ex(*context, EVP_sha512(), 0) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int sha512_update(void *context, const uint8_t *data, size_t size, void *user) {
    (void)user;
    return EVP_DigestUpdate(context, data, size) == 1 ? 0 : SG_ERR_UNKNOWN;
}

static int sha512_final(void *context, signal_buffer **output, void *user) {
    (void)user;
    uint8_t digest[64];
    unsigned int size = sizeof(digest);
    if(EVP_DigestFinal_ex(context, digest, &size) != 1) return SG_ERR_UNKNOWN;
    *output = signal_buffer_create(digest, size);
    return *output ? 0 : SG_ERR_NOMEM;
}

static void sha512_cleanup(void *context, void *user) {
    (void)user;
    EVP_MD_CTX_free(context);
}

static const EVP_CIPHER *aes_256_cbc(void) {
    static EVP_CIPHER *cipher;
    if(!cipher) cipher = EVP_CIPHER_fetch(0, "AES-256-CBC", 0);
    return cipher;
}

static int run_cipher(int is_encryption, signal_buffer **output, int mode, const uint8_t *key, size_t key_size,
                      const uint8_t *iv, size_t iv_size, const uint8_t *input, size_t size) {
    if(mode != SG_CIPHER_AES_CBC_PKCS5 || key_size != 32 || iv_size != 16) return SG_ERR_UNKNOWN;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *result = malloc(size + 16);
    int first = 0, last = 0;
    int is_done = context && result && EVP_CipherInit_ex(context, aes_256_cbc(), 0, key, iv, is_encryption) == 1 &&
                  EVP_CipherUpdate(context, result, &first, input, (int)size) == 1 &&
                  EVP_CipherFinal_ex(context, result + first, &last) == 1;
    if(is_done) *output = signal_buffer_create(result, (size_t)(first + last));
    free(result);
    EVP_CIPHER_CTX_free(context);
    return is_done ? 0 : SG_ERR_UNKNOWN;
}

static int encrypt_bytes(signal_buffer **output, int mode, const uint8_t *key, size_t key_size, const uint8_t *iv,
                         size_t iv_size, const uint8_t *input, size_t size, void *user) {
    (void)user;
    return run_cipher(1, output, mode, key, key_size, iv, iv_size, input, size);
}

static int decrypt_bytes(signal_buffer **output, int mode, const uint8_t *key, size_t key_size, const uint8_t *iv,
                         size_t iv_size, const uint8_t *input, size_t size, void *user) {
    (void)user;
    return run_cipher(0, output, mode, key, key_size, iv, iv_size, input, size);
}

signal_context *new_context(void) {
    signal_crypto_provider provider = {
        .random_func = random_bytes,
        .hmac_sha256_init_func = hmac_init,
        .hmac_sha256_update_func = hmac_update,
        .hmac_sha256_final_func = hmac_final,
        .hmac_sha256_cleanup_func = hmac_cleanup,
        .sha512_digest_init_func = sha512_init,
        .sha512_digest_update_func = sha512_update,
        .sha512_digest_final_func = sha512_final,
        .sha512_digest_cleanup_func = sha512_cleanup,
        .encrypt_func = encrypt_bytes,
        .decrypt_func = decrypt_bytes,
    };
    signal_context *context = 0;
    must(signal_context_create(&context, 0), "context");
    must(signal_context_set_crypto_provider(context, &provider), "crypto provider");
    return context;
}
