"""A test that succeeds once targets can be analysed."""

def _analysis_test(ctx):
    return [AnalysisTestResultInfo(success = True, message = "All targets succeeded analysis")]

analysis_test = rule(
    implementation = _analysis_test,
    attrs = {"targets": attr.label_list(mandatory = True)},
    analysis_test = True,
)
