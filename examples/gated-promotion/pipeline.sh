#!/bin/sh
# A shadow test from its deployment to its promotion.
#
#   pipeline.sh start STACK Parameter=Value...   deploy the test, or the next round of it
#   pipeline.sh decide STACK                     promote, keep production, or leave it running
#   pipeline.sh wait STACK                       decide every CHECK_SECONDS until there is enough data
#
# Exit codes of decide and wait: 0 promoted; 1 production was kept; 3 not enough data yet, the test goes on; 5 no test is
# running. Anything else is a job that broke: nothing was decided, and the test goes on until its schedule ends.
set -eu

command=$1
stack=$2
shift 2
here=$(dirname "$0")

# Parameters that are not given keep the values that they have.
deploy() {
  aws cloudformation deploy --stack-name "$stack" --template-file "$here/../gated-promotion.yaml" \
    --no-fail-on-empty-changeset --parameter-overrides "$@"
}

decide() {
  name=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Outputs[?OutputKey=='ExperimentName'].OutputValue")
  status=$(aws sagemaker describe-inference-experiment --name "$name" --query Status --output text)
  if [ "$status" != Running ]; then
    echo "$name is $status, so there is nothing to decide"
    return 5
  fi
  result=0
  inference-experiment report "$name" --check --max-latency-increase 5% --latency-statistic p90 \
    --max-error-rate 0.1% --min-invocations "${MIN_INVOCATIONS:-10000}" || result=$?
  case $result in
    0) deploy Verdict=promote-shadow ;;
    1) deploy Verdict=keep-production ;;
  esac
  return "$result"
}

case $command in
  start) deploy Verdict=running "$@" ;;
  decide) decide ;;
  wait)
    while :; do
      result=0
      sh "$0" decide "$stack" || result=$?
      [ "$result" -eq 3 ] || exit "$result"
      sleep "${CHECK_SECONDS:-3600}"
    done
    ;;
  *)
    echo "$0: unknown command $command" >&2
    exit 2
    ;;
esac
