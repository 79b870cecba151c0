"""Files that definitions write, in folders that cells made which do not run, or other machines have."""

from tests.habits.draft import Draft
from tests.habits.edits import (
    FORWARD,
    MODEL,
    SCHEDULES,
    START,
    STEP,
    STORE,
    before,
    built,
    change,
    insert_before,
)
from tests.habits.table import habit


@habit("pictures are saved while sampling, into the folder of the setting")
def pictures(draft: Draft) -> None:
    change(draft, before(STEP, "if i % 100 == 0: save_image(x_i, f'{save_dir}step_{i}.png')"))


@habit("pictures go to Colab's drive")
def drive(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "from google.colab import drive\ndrive.mount('/content/drive')",
        "out = '/content/drive/MyDrive/DL/hw2'\nos.makedirs(out, exist_ok=True)",
    )
    change(
        draft,
        before(
            STEP,
            "if i % 100 == 0: save_image(x_i, os.path.join(out, 'steps', f'{i}.png'))",
            "if i == 0: assert sorted(os.listdir(out + '/steps'))[0] == '0.png'",
        ),
    )


@habit("pictures go to Kaggle's, a server's and the home folder")
def other_machines(draft: Draft) -> None:
    change(
        draft,
        before(
            STEP,
            "if i % 200 == 0:",
            "    plt.imsave(f'/kaggle/working/{i}.png', x_i[0, 0].cpu().numpy())",
            "    np.save(f'/home/kim/dl/hw2/{i}.npy', x_i.cpu().numpy())",
            "    torch.save(x_i, os.path.expanduser(f'~/hw2/{i}.pt'))",
            "    assert torch.load(os.path.expanduser(f'~/hw2/{i}.pt')).shape == x_i.shape",
        ),
    )


@habit("figures are drawn and saved while sampling")
def figures(draft: Draft) -> None:
    change(
        draft,
        before(
            STEP,
            "if i % 200 == 0:",
            "    plt.figure(); plt.imshow(x_i[0, 0].cpu(), cmap='gray')",
            "    plt.savefig(f'./figures/{self.prediction_type}/{i}.png'); plt.close()",
        ),
    )


@habit("every loss is written to a log")
def logged(draft: Draft) -> None:
    change(
        draft,
        before(
            "        return loss\n",
            "with open('logs/loss.csv', 'a') as log:",
            "    log.write(f'{float(loss)}\\n')",
        ),
    )


@habit("Python's logging writes to a file")
def logging(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "import logging\nfrom pathlib import Path\nLOGS = Path('./logs')\nLOGS.mkdir(exist_ok=True)\n"
        "logger = logging.getLogger('ddpm')\n"
        "logger.addHandler(logging.FileHandler(LOGS / 'train.log'))",
    )
    change(draft, before(FORWARD, "logger.warning('forward'); assert LOGS.is_dir()"))


@habit("folders are made by shell lines, and looked into")
def shell(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "!mkdir -p results_shell/steps\nname = 'frames'\n!mkdir -p results_shell/{name}",
        "%mkdir made_by_magic\nimport subprocess\nos.system('mkdir -p made_by_system')",
    )
    change(
        draft,
        built(
            "assert sorted(os.listdir('results_shell')) == ['frames', 'steps'] and name",
            "assert os.path.isdir('made_by_magic')",
        ),
    )


@habit("folders are made if they are not there, and counted")
def made_if_missing(draft: Draft) -> None:
    insert_before(
        draft,
        MODEL,
        "from pathlib import Path\nruns = './runs'\nif not os.path.exists(runs):\n"
        "    os.makedirs(runs)\n    print('made', runs)\n"
        "for part in ('a', 'b'):\n    os.makedirs(os.path.join(runs, part), exist_ok=True)\n"
        "frames = Path('frames')\nframes.mkdir(parents=True, exist_ok=True)",
    )
    change(
        draft,
        built("self.run = len(os.listdir(runs)); assert self.run >= 2"),
        before(START, "folder = f'{runs}/{self.run}'; os.mkdir(folder + '/x') if 0 else None"),
        (STORE, STORE + "\n                    (frames / f'{i}.txt').write_text(str(i))"),
    )


@habit("a schedule is stored by one call and read by the next")
def stored(draft: Draft) -> None:
    change(
        draft,
        (
            "    return betas\n",
            "    os.makedirs('/content/cache/', exist_ok=True)\n"
            "    path = f'/content/cache/{schedule}_{T}_{beta1}_{beta2}.pt'\n"
            "    if not os.path.exists(path):\n"
            "        torch.save(betas, path)\n"
            "    return torch.load(path)\n",
        ),
    )


@habit("a settings file is written by a cell, and read by the definitions")
def settings_file(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        '%%writefile configs/schedule.json\n{"s": 0.008, "most": 0.999}',
        "import json\nwith open('clip.json', 'w') as f:\n    json.dump({'low': 0.0}, f)",
    )
    change(
        draft,
        (
            "        s = 0.008\n",
            "        s = json.load(open('configs/schedule.json'))['s']\n"
            "        low = json.load(open('clip.json'))['low']\n",
        ),
        ("clamp(max=0.999)", "clamp(min=low, max=0.999)"),
    )


@habit("offsets come as files of NumPy's and the environment")
def arrays_and_environment(draft: Draft) -> None:
    insert_before(
        draft,
        SCHEDULES,
        "np.save('offset.npy', np.array(0.008))",
        "os.environ['MOST'] = '0.999'\nos.environ.setdefault('LEAST', '0')\n%env UNUSED=1",
        "%env TOP=1.0",
    )
    change(
        draft,
        ("        s = 0.008\n", "        s = float(np.load('offset.npy'))\n"),
        (
            "clamp(max=0.999)",
            "clamp(min=float(os.environ['LEAST']), max=float(os.environ['MOST']) * "
            "float(os.getenv('TOP')))",
        ),
    )
