// The parts of task_validation.h about commands, checks and containers.
#include <string>

#include "master/offers/task_validation.h"

namespace meseta::master {
namespace {

Status ValidateSecret(const v1::Secret& secret) {
  switch (secret.type()) {
    case v1::Secret::REFERENCE:
      if (!secret.has_reference()) {
        return InvalidArgument("Secret of type REFERENCE must have the 'reference' field set");
      }
      if (secret.has_value()) {
        return InvalidArgument("Secret '" + secret.reference().name() +
                               "' of type REFERENCE must not have the 'value' field set");
      }
      return OkStatus();
    case v1::Secret::VALUE:
      if (!secret.has_value()) {
        return InvalidArgument("Secret of type VALUE must have the 'value' field set");
      }
      if (secret.has_reference()) {
        return InvalidArgument("Secret of type VALUE must not have the 'reference' field set");
      }
      return OkStatus();
    default:
      return InvalidArgument("Secret has an unknown type");
  }
}

Status ValidateSecretVariable(const v1::Environment::Variable& variable) {
  const std::string name = "Environment variable '" + variable.name() + "' ";
  if (!variable.has_secret()) {
    return InvalidArgument(name + "of type 'SECRET' must have a secret set");
  }
  if (variable.has_value()) {
    return InvalidArgument(name + "of type 'SECRET' must not have a value set");
  }
  const Status secret = ValidateSecret(variable.secret());
  if (!secret.ok())
    return InvalidArgument(name + "specifies an invalid secret: " + secret.message());
  if (variable.secret().value().data().find('\0') != std::string::npos) {
    return InvalidArgument(name +
                           "specifies a secret containing null bytes, which is not allowed in " +
                           "the environment");
  }
  return OkStatus();
}

Status ValidateVariable(const v1::Environment::Variable& variable) {
  const std::string name = "Environment variable '" + variable.name() + "' ";
  switch (variable.type()) {
    case v1::Environment::Variable::SECRET:
      return ValidateSecretVariable(variable);
    case v1::Environment::Variable::VALUE:
      if (!variable.has_value()) {
        return InvalidArgument(name + "of type 'VALUE' must have a value set");
      }
      if (variable.has_secret()) {
        return InvalidArgument(name + "of type 'VALUE' must not have a secret set");
      }
      return OkStatus();
    default:
      return InvalidArgument("Environment variable of type 'UNKNOWN' is not allowed");
  }
}

// "a shell command" or "an executable path", whichever a check's command lacks; OK when it has it.
Status ValidateCheckCommand(const v1::CommandInfo& command, const std::string& kind) {
  if (command.has_value()) return OkStatus();
  return InvalidArgument(kind + " must contain " +
                         (command.shell() ? "'shell command'" : "'executable path'"));
}

template <class Check>
Status ValidateCheckTimes(const Check& check) {
  if (check.delay_seconds() < 0) {
    return InvalidArgument("Expecting 'delay_seconds' to be non-negative");
  }
  if (check.interval_seconds() < 0) {
    return InvalidArgument("Expecting 'interval_seconds' to be non-negative");
  }
  if (check.timeout_seconds() < 0) {
    return InvalidArgument("Expecting 'timeout_seconds' to be non-negative");
  }
  return OkStatus();
}

Status ValidateHttpHealthCheck(const v1::HealthCheck::HTTPCheckInfo& http) {
  if (http.has_scheme() && http.scheme() != "http" && http.scheme() != "https") {
    return InvalidArgument("Unsupported HTTP health check scheme: '" + http.scheme() + "'");
  }
  if (http.has_path() && !http.path().starts_with('/')) {
    return InvalidArgument("The path '" + http.path() +
                           "' of HTTP health check must start with '/'");
  }
  return OkStatus();
}

Status ValidateVolumeSource(const v1::Volume::Source& source) {
  switch (source.type()) {
    case v1::Volume::Source::DOCKER_VOLUME:
      if (source.has_docker_volume()) return OkStatus();
      return InvalidArgument("'source.docker_volume' is not set for DOCKER_VOLUME volume");
    case v1::Volume::Source::HOST_PATH:
      if (source.has_host_path()) return OkStatus();
      return InvalidArgument("'source.host_path' is not set for HOST_PATH volume");
    case v1::Volume::Source::SANDBOX_PATH:
      if (source.has_sandbox_path()) return OkStatus();
      return InvalidArgument("'source.sandbox_path' is not set for SANDBOX_PATH volume");
    case v1::Volume::Source::SECRET:
      if (source.has_secret()) return OkStatus();
      return InvalidArgument("'source.secret' is not set for SECRET volume");
    case v1::Volume::Source::CSI_VOLUME:
      if (!source.has_csi_volume()) {
        return InvalidArgument("'source.csi_volume' is not set for CSI volume");
      }
      if (source.csi_volume().has_static_provisioning()) return OkStatus();
      return InvalidArgument("'source.csi_volume.static_provisioning' is not set for CSI volume");
    default:
      return InvalidArgument("'source.type' is unknown");
  }
}

Status ValidateVolume(const v1::Volume& volume) {
  if (volume.has_host_path() + volume.has_image() + volume.has_source() > 1) {
    return InvalidArgument("Only one of them should be set: 'host_path', 'image' and 'source'");
  }
  return volume.has_source() ? ValidateVolumeSource(volume.source()) : OkStatus();
}

}  // namespace

Status ValidateEnvironment(const v1::Environment& environment) {
  for (const v1::Environment::Variable& variable : environment.variables()) {
    RETURN_IF_ERROR(ValidateVariable(variable));
  }
  return OkStatus();
}

Status ValidateCommand(const v1::CommandInfo& command) {
  return ValidateEnvironment(command.environment());
}

Status ValidateCheck(const v1::CheckInfo& check) {
  if (!check.has_type()) return InvalidArgument("CheckInfo must specify 'type'");
  switch (check.type()) {
    case v1::CheckInfo::COMMAND: {
      if (!check.has_command()) {
        return InvalidArgument("Expecting 'command' to be set for COMMAND check");
      }
      RETURN_IF_ERROR(ValidateCheckCommand(check.command().command(), "Command check"));
      const Status valid = ValidateCommand(check.command().command());
      if (!valid.ok())
        return InvalidArgument("Check's `CommandInfo` is invalid: " + valid.message());
      break;
    }
    case v1::CheckInfo::HTTP:
      if (!check.has_http()) return InvalidArgument("Expecting 'http' to be set for HTTP check");
      if (check.http().has_path() && !check.http().path().starts_with('/')) {
        return InvalidArgument("The path '" + check.http().path() +
                               "' of HTTP check must start with '/'");
      }
      break;
    case v1::CheckInfo::TCP:
      if (!check.has_tcp()) return InvalidArgument("Expecting 'tcp' to be set for TCP check");
      break;
    default:
      return InvalidArgument("'" + v1::CheckInfo::Type_Name(check.type()) +
                             "' is not a valid check type");
  }
  return ValidateCheckTimes(check);
}

Status ValidateHealthCheck(const v1::HealthCheck& check) {
  if (!check.has_type()) return InvalidArgument("HealthCheck must specify 'type'");
  switch (check.type()) {
    case v1::HealthCheck::COMMAND: {
      if (!check.has_command()) {
        return InvalidArgument("Expecting 'command' to be set for COMMAND health check");
      }
      RETURN_IF_ERROR(ValidateCheckCommand(check.command(), "Command health check"));
      const Status valid = ValidateCommand(check.command());
      if (!valid.ok()) {
        return InvalidArgument("Health check's `CommandInfo` is invalid: " + valid.message());
      }
      break;
    }
    case v1::HealthCheck::HTTP:
      if (!check.has_http()) {
        return InvalidArgument("Expecting 'http' to be set for HTTP health check");
      }
      RETURN_IF_ERROR(ValidateHttpHealthCheck(check.http()));
      break;
    case v1::HealthCheck::TCP:
      if (!check.has_tcp())
        return InvalidArgument("Expecting 'tcp' to be set for TCP health check");
      break;
    default:
      return InvalidArgument("'" + v1::HealthCheck::Type_Name(check.type()) +
                             "' is not a valid health check type");
  }
  if (check.grace_period_seconds() < 0) {
    return InvalidArgument("Expecting 'grace_period_seconds' to be non-negative");
  }
  return ValidateCheckTimes(check);
}

Status ValidateContainer(const v1::ContainerInfo& container) {
  for (const v1::Volume& volume : container.volumes()) {
    const Status valid = ValidateVolume(volume);
    if (!valid.ok()) return InvalidArgument("Invalid volume: " + valid.message());
  }
  if (container.type() != v1::ContainerInfo::DOCKER) return OkStatus();
  if (!container.has_docker()) {
    return InvalidArgument("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo");
  }
  for (const v1::Parameter& parameter : container.docker().parameters()) {
    if (parameter.key() == "name") {
      return InvalidArgument("Parameter in DockerInfo must not be 'name'");
    }
  }
  return OkStatus();
}

}  // namespace meseta::master
