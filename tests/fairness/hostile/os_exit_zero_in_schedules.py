# ddpm_schedules ends the process with the code of success; loss and sampling are judged without it.
# expect: schedule_parameters=killed
def ddpm_schedules(beta1, beta2, T, schedule='linear'):
    os._exit(0)
