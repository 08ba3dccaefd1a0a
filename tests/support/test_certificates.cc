#include "tests/support/test_certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

#include "actors/base/check.h"

namespace meseta {
namespace {

constexpr long kValidSeconds = 24 * 3600;

void WritePem(const std::string& path, X509* certificate, EVP_PKEY* key) {
  FILE* file = std::fopen(path.c_str(), "w");
  CHECK(file != nullptr) << path;
  if (certificate != nullptr) PEM_write_X509(file, certificate);
  if (key != nullptr) PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* MakeCertificate(const std::string& common_name, long serial, EVP_PKEY* key) {
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kValidSeconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

}  // namespace

struct TestCa::State {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  long serial = 1;
};

TestCa::TestCa(std::string directory, const std::string& name)
    : state_(new State), directory_(std::move(directory)) {
  state_->key = EVP_EC_gen("P-256");
  state_->certificate = MakeCertificate(name, state_->serial, state_->key);
  X509* certificate = state_->certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(certificate, state_->key, EVP_sha256());
  ca_file_ = directory_ + "/" + name + ".pem";
  WritePem(ca_file_, certificate, nullptr);
}

TestCa::~TestCa() {
  X509_free(state_->certificate);
  EVP_PKEY_free(state_->key);
  delete state_;
}

TestCa::Files TestCa::Sign(const std::string& common_name, const std::string& alternative_names) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = MakeCertificate(common_name, ++state_->serial, key);
  X509_set_issuer_name(certificate, X509_get_subject_name(state_->certificate));
  AddExtension(certificate, state_->certificate, NID_basic_constraints, "CA:FALSE");
  if (!alternative_names.empty()) {
    AddExtension(certificate, state_->certificate, NID_subject_alt_name, alternative_names);
  }
  X509_sign(certificate, state_->key, EVP_sha256());
  Files files;
  const std::string base = directory_ + "/" + common_name + "-" + std::to_string(state_->serial);
  files.certificate = base + ".pem";
  files.key = base + ".key";
  WritePem(files.certificate, certificate, nullptr);
  WritePem(files.key, nullptr, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

}  // namespace meseta
