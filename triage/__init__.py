"""From a failure to a finding: signature, confirmation, reduction and report."""
